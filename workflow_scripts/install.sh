#!/usr/bin/env bash
# Makes .venv at the root of the clone with all that models, workflow and tests need; does nothing when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."
venv="$PWD/.venv"

fail() { echo "setup: $*" >&2; exit 1; }

# Python 3.14 has no wheels of pyBigWig and immutables, so that they would have to be compiled.
suits() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

find_python() {
    for candidate in ${PYTHON:-} python3 python3.13 python3.12 python3.11 python; do
        if suits "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

needed="it must be 3.11, 3.12 or 3.13; install one (apt-get install python3.13) or name one: PYTHON=/path/to/python3.13 make ..."
[ -z "${PYTHON:-}" ] || suits "$PYTHON" ||
    fail "Python: PYTHON=$PYTHON is $("$PYTHON" --version 2>&1 || true); $needed"
python=$(find_python) || fail "Python: $(python3 --version 2>/dev/null || echo none) is all there is; $needed"
if [ -x "$venv/bin/python" ] && ! suits "$venv/bin/python"; then
    fail "Python: .venv has $("$venv/bin/python" --version 2>&1 || true); delete .venv and run again ($needed)"
fi
echo "setup: $("$python" --version) ($python)"
"$python" -c 'import ensurepip' 2>/dev/null ||
    fail "ensurepip: missing for $python; install it (apt-get install python3-venv)"
echo "setup: ensurepip is there"

stamp="$venv/.requirements-$(cksum < requirements.txt | tr ' ' '-')"
if [ ! -f "$stamp" ]; then
    [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
    echo "setup: installing pinned requirements into .venv (a default Linux install fetches GBs of CUDA wheels; see README.md)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
    rm -f "$venv"/.requirements-*
    touch "$stamp"
fi
echo "setup: Python packages are there"

unpack_bedtools() {
    # Without root: the package's files go into .venv.
    local folder
    folder=$(mktemp -d)
    (cd "$folder" && apt-get download -qq bedtools && dpkg-deb -x bedtools*.deb unpacked) &&
        cp "$folder"/unpacked/usr/bin/* "$venv/bin/"
    rm -rf "$folder"
    "$venv/bin/bedtools" --version > /dev/null 2>&1
}

if ! PATH="$venv/bin:$PATH" command -v bedtools > /dev/null; then
    echo "setup: bedtools is not there, fetching it"
    if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
        { apt-get update -qq && apt-get install -y -qq bedtools; } > /dev/null 2>&1 || true
    elif command -v apt-get > /dev/null && command -v dpkg-deb > /dev/null; then
        unpack_bedtools > /dev/null 2>&1 || true
    fi
    PATH="$venv/bin:$PATH" command -v bedtools > /dev/null ||
        fail "bedtools: not found and could not be fetched; install it (apt-get install bedtools, or conda install -c bioconda bedtools)"
fi
echo "setup: $(PATH="$venv/bin:$PATH" bedtools --version)"
