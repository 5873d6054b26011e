#!/usr/bin/env python3
"""The pictures' part of `make bench`: processor seconds a picture, ours against what is installed of
vips, ImageMagick and mat2 (apt install libvips-tools imagemagick mat2: only here, never in a check).

    bench_pictures.py BUILD [RUNS]     prints rows for bench.sh, separated by tabs

Processor seconds of the whole process tree, start included, median of interleaved runs; on one core
and on two. Nothing is asserted: machines differ.
"""
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BUILD, RUNS = os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
COPIES = 4
ENV = dict(os.environ, WEIGHLOCK_WORKERS=BUILD + "/daemon/worker", WEIGHLOCK_SPAWND=BUILD + "/daemon/spawn/weighlock-spawnd")


def measured(cores, *words, cwd=None):
    """(processor seconds, seconds) of one command on `cores`; OSError with its own words where it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(["taskset", "-c", cores, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          env=ENV, cwd=cwd, check=False)
    if done.returncode != 0:
        raise OSError("%s ended with %d: %s" % (" ".join(words), done.returncode, done.stderr.decode("utf-8", "replace")[-2000:]))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime, time.monotonic() - start


def row(what, ours, theirs, unit, goal):
    print("\t".join([what, "%.3f" % ours, "%.3f" % theirs if theirs else "-", unit, goal]), flush=True)


def scrub(folder, cores, source):
    out = os.path.join(folder, "out")
    result = measured(cores, BUILD + "/client/weighlock", "scrub", "-o", out, source)
    shutil.rmtree(out)
    return result


def theirs(folder, cores, tool, path):
    if tool == "vips":
        return measured(cores, "vips", "copy", path, os.path.join(folder, "v.png[strip]"))
    if tool == "ImageMagick":
        return measured(cores, "convert", path, "-strip", os.path.join(folder, "i.png"))
    copy = os.path.join(folder, "mat" + os.path.splitext(path)[1])
    shutil.copyfile(path, copy)
    return measured(cores, "mat2", copy)


def compare(folder, kind, path, goal):
    many = os.path.join(folder, kind)
    os.mkdir(many)
    for i in range(COPIES):
        shutil.copyfile(path, os.path.join(many, "%d%s" % (i, os.path.splitext(path)[1])))
    tools = [t for t, program in (("vips", "vips"), ("ImageMagick", "convert"), ("mat2", "mat2")) if shutil.which(program)]
    for cores in ("0", "0,1"):
        if len(os.sched_getaffinity(0)) < 2 and cores != "0":
            continue
        got = {name: [] for name in ["ours"] + tools}
        for _ in range(RUNS):
            cpu, wall = scrub(folder, cores, many)
            got["ours"].append((cpu / COPIES, wall / COPIES))
            for t in list(tools):
                try:
                    got[t].append(theirs(folder, cores, t, path))
                except OSError as e:  # another's failure is said, and takes only its own rows away
                    print(e, file=sys.stderr)
                    tools.remove(t)
                    del got[t]
        middle = {n: tuple(statistics.median(x[i] for x in v) for i in (0, 1)) for n, v in got.items()}
        label = "%s, %s" % (kind, "one core" if cores == "0" else "two cores")
        for t in tools or [None]:
            row("%s, CPU : %s" % (label, t or "nothing to compare"), middle["ours"][0], middle[t][0] if t else None, "s", goal)
        row("%s, elapsed : %s" % (label, tools[0] if tools else "-"), middle["ours"][1],
            middle[tools[0]][1] if tools else None, "s", "-")


with tempfile.TemporaryDirectory(prefix="wl-bench-") as folder:
    gray, colour = os.path.join(folder, "scan.png"), os.path.join(folder, "screen.jpg")
    scan = BUILD + "/tests/bench/make_scan"
    with open(gray, "wb") as f:
        made = subprocess.run([scan, "4000", "3000", "1", "gray16"], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["pnmtopng", "-quiet"], input=made, stdout=f, check=True)
    with open(colour, "wb") as f:
        made = subprocess.run([scan, "4000", "3000", "2", "rgb8"], stdout=subprocess.PIPE, check=True).stdout
        subprocess.run(["cjpeg", "-quality", "90"], input=made, stdout=f, check=True)
    compare(folder, "16-bit PNG 4000x3000", gray, "0.30 s")
    compare(folder, "JPEG 12 MP to PNG", colour, "ratio 1.0")
    small = os.path.join(folder, "small")
    os.mkdir(small)
    tiny = subprocess.run(["pnmtopng", "-quiet"], input=b"P5\n8 8\n255\n" + bytes(64), stdout=subprocess.PIPE, check=True).stdout
    for i in range(200):
        with open(os.path.join(small, "%d.png" % i), "wb") as f:
            f.write(tiny)
    one = [scrub(folder, "0", small) for _ in range(RUNS)]
    said = subprocess.run([BUILD + "/tests/bench/bench_spawn", ENV["WEIGHLOCK_SPAWND"], "21"], stdout=subprocess.PIPE, env=ENV, check=True)
    fork = float(said.stdout.split()[-1])
    row("three processes of a picture, CPU : three forks", 1000 * statistics.median(x[0] for x in one) / 200, 3 * fork / 1000, "ms", "5 ms")
