"""A server of the kind that the published reports about this protocol describe: asyncio streams, one coroutine a client, a
dictionary, standard library only. For comparison; it keeps nothing, replicates nothing and has no places."""

import asyncio
import re
import sys
import time

LOCATION = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)")
NAME = "Bench"
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
    while True:
        line = await reader.readline()
        if not line:
            break
        writer.write(answer(line.decode()).encode())
        await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    print("ready", flush=True)
    async with server:
        await server.serve_forever()


asyncio.run(main())
