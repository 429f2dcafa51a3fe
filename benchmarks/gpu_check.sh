#!/usr/bin/env bash
# First light on a GPU: everything that a machine with one can tell of this code, in about seven minutes.
#   bash benchmarks/gpu_check.sh [--out DIR] [--quick] [--device cuda|cpu]
# Needs python3 with torch, triton, pytorch-lightning, h5py, pandas, numpy, scipy, PyYAML, pytest and hypothesis; PYTHONPATH
# may name wheels unpacked beside. --quick --device cpu shows that every step runs, at toy sizes, with Triton's interpreter.
# Each step has a time limit of its own and writes its file as it goes; DIR/summary.txt tells how each ended. Eight files.
set -uo pipefail
cd "$(dirname "$0")/.."

out=results/gpu_check quick= device=cuda
while [ $# -gt 0 ]; do
    case "$1" in
        --out) out=$2; shift 2 ;;
        --quick) quick=--quick; shift ;;
        --device) device=$2; shift 2 ;;
        *) echo "gpu_check: unknown option $1; known: --out DIR, --quick, --device cuda|cpu" >&2; exit 2 ;;
    esac
done
mkdir -p "$out"
summary=$out/summary.txt
: > "$summary"
export PYTHONUNBUFFERED=1 PYTHONPATH="$PWD${PYTHONPATH:+:$PYTHONPATH}"
if [ "$device" = cpu ]; then
    export TRITON_INTERPRET=1
    python3 -c 'import numba' 2> /dev/null || export PRISM_SCAN=reference # the plain twin, slow
fi
failed=0

# step NAME SECONDS FILE COMMAND...: run it within its time, add its output to FILE, and say how it ended
step() {
    local name=$1 seconds=$2 file=$out/$3 started status
    shift 3
    [ -z "$quick" ] || seconds=900 # a try-out on a busy CPU is not judged by its time
    started=$(date +%s)
    echo "== $name" | tee -a "$file"
    timeout --kill-after=5 "$seconds" "$@" 2>&1 | tee -a "$file"
    status=${PIPESTATUS[0]}
    case $status in 0) how=done ;; 124 | 137) how="out of time ($seconds s)" ;; *) how="FAILED ($status)" ;; esac
    [ "$status" = 0 ] || failed=1
    echo "$name: $how, $(($(date +%s) - started)) s" | tee -a "$summary"
    return "$status"
}

gpu() { python3 -m "benchmarks.gpu.$@" --device "$device" $quick; }

# each kernel is compiled for each type, direction and size: side by side where pytest-xdist is installed
side_by_side=
[ "$device" = cpu ] || ! python3 -c 'import xdist' 2> /dev/null || side_by_side="-n $(($(nproc) < 12 ? $(nproc) : 12))"

tests_marked() {
    # in the files that hold a marker, or a fixture of their folder that has one: the others import what reads genomes
    {
        grep -rl 'mark\.gpu' tests --include='test_*.py'
        grep -rl 'mark\.gpu' tests --include=conftest.py | xargs dirname | xargs grep -rlw place --include='test_*.py'
    } | sort -u | xargs python3 -m pytest -q -p no:cacheprovider -m "$1" $side_by_side
}
export -f gpu tests_marked
export device quick side_by_side

rm -f "$out"/{versions,tests,steps,training,peers,memory,inference}.txt
step "versions and one kernel" 60 versions.txt bash -c 'gpu versions' || { echo "stopped: the kernel is wrong" | tee -a "$summary"; exit 1; }
step "tests: parity" 120 tests.txt bash -c 'tests_marked "gpu and not slow"'
step "steps of Prism" 120 steps.txt bash -c 'gpu steps'
step "training, 300 steps" 90 training.txt bash -c 'gpu training --steps 300'
step "training, 3000 steps" 120 training.txt bash -c 'gpu training --steps 3000'
step "roofline" 60 steps.txt bash -c 'gpu roofline'
step "peers" 200 peers.txt bash -c 'gpu peers'
step "does a seed repeat" 60 training.txt bash -c 'gpu training --repeat --steps 300'
step "memory at 200 kb" 120 memory.txt bash -c 'gpu memory'
step "inference" 60 inference.txt bash -c 'gpu inference'
step "tests: the rest" 200 tests.txt bash -c 'tests_marked "gpu and slow"'
cat "$summary"
exit $failed
