"""Builds an R*Tree of points in SQLite and asks it for the 20 nearest within 10 km: sqlite-places.py POINTS QUESTIONS DATABASE.

Both files are pairs of doubles, latitude and longitude. Prints {"buildSeconds", "p50", "p99"}, the latter in milliseconds.
"""
import array
import json
import math
import sqlite3
import sys
import time

KM_PER_DEGREE = 111.19492664


def pairs(name):
    numbers = array.array("d")
    with open(name, "rb") as file:
        numbers.frombytes(file.read())
    return list(zip(numbers[::2], numbers[1::2]))


points, questions = pairs(sys.argv[1]), pairs(sys.argv[2])
database = sqlite3.connect(sys.argv[3])
database.execute("pragma journal_mode = off")
database.execute("pragma synchronous = off")
database.execute("pragma cache_size = -500000")
started = time.perf_counter()
database.execute("create virtual table places using rtree(id, south, north, west, east)")
database.executemany(
    "insert into places values (?, ?, ?, ?, ?)",
    ((at, latitude, latitude, longitude, longitude) for at, (latitude, longitude) in enumerate(points)),
)
database.commit()
build_seconds = time.perf_counter() - started

NEAREST = """
select id, (north - :y) * (north - :y) + (east - :x) * (east - :x) * :c as d from places
where south >= :y - :r and north <= :y + :r and west >= :x - :s and east <= :x + :s and d <= :r * :r
order by d limit 20
"""
times = []
for latitude, longitude in questions:
    cosine = max(0.01, math.cos(math.radians(latitude)))
    reach = 10 / KM_PER_DEGREE
    values = {"y": latitude, "x": longitude, "r": reach, "s": reach / cosine, "c": cosine * cosine}
    began = time.perf_counter()
    database.execute(NEAREST, values).fetchall()
    times.append((time.perf_counter() - began) * 1000)
times.sort()
print(json.dumps({"buildSeconds": build_seconds, "p50": times[len(times) // 2], "p99": times[len(times) * 99 // 100]}))
