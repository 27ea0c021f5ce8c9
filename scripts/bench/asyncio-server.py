"""A server of the kind that the published reports about this protocol describe: asyncio streams, one coroutine a client, a
dictionary, standard library only. For comparison; it keeps nothing, replicates nothing and has no places. With a file's name
behind the port it logs every connection, every line and every reply there, as those servers do."""

import asyncio
import logging
import re
import sys
import time

LOCATION = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")
NAME = "Bench"
LOG_FILE = sys.argv[2] if len(sys.argv) > 2 else None
clients = {}


def iamat(fields):
    client, location, stamp = fields[1:]
    match = LOCATION.fullmatch(location)
    if match is None:
        return None
    latitude, longitude = float(match[1]), float(match[2])
    if abs(latitude) > 90 or abs(longitude) > 180:
        return None
    sent = float(stamp)
    reply = f"AT {NAME} {time.time() - sent:+.9f} {client} {location} {stamp}\n"
    known = clients.get(client)
    if known is None or sent > known[0]:
        clients[client] = (sent, latitude, longitude, reply)
    return reply


def answer(line):
    fields = line.split()
    try:
        if len(fields) == 4 and fields[0] == "IAMAT":
            reply = iamat(fields)
            if reply is not None:
                return reply
    except ValueError:
        pass
    return "? " + line


async def serve(reader, writer):
    logged = LOG_FILE is not None
    if logged:
        logging.info("New connection from %s", writer.get_extra_info("peername"))
    while True:
        data = await reader.readline()
        if not data:
            break
        line = data.decode()
        if logged:
            logging.info("Received: %s", line.rstrip("\n"))
        reply = answer(line)
        writer.write(reply.encode())
        if logged:
            logging.info("Sent: %s", reply.rstrip("\n"))
        await writer.drain()
    if logged:
        logging.info("Connection closed by %s", writer.get_extra_info("peername"))
    writer.close()


async def main():
    if LOG_FILE is not None:
        logging.basicConfig(filename=LOG_FILE, level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
