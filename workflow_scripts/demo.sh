#!/usr/bin/env bash
# The whole workflow on the simulated genome; `demo.sh CORES`, run by `make demo` with .venv on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
report=results/report.html

snakemake --cores "$1" --configfile config/demo.yaml
newest=$(find results/comparison results/figures -type f -newer "$report" 2> /dev/null | head -n 1 || true)
if [ ! -f "$report" ] || [ -n "$newest" ]; then
    snakemake --configfile config/demo.yaml --report "$report.part.html" > logs/report.log 2>&1 || { cat logs/report.log >&2; exit 1; }
    mv "$report.part.html" "$report"
fi
echo
echo "Report:  $report"
echo "Figures: results/comparison/figures/, results/figures/"
find results/comparison/figures results/figures -name '*.png' | sort | sed 's/^/         /'
