#!/usr/bin/env bash
# Installs Slurm, its accounting and what both stand on, where they are not there yet: Debian or Ubuntu, as root.
# Where that cannot be, it says so, and the tests skip.
set -euo pipefail
packages=(slurm-wlm slurm-wlm-mysql-plugin slurmdbd mariadb-server munge)

PATH="$PATH:/usr/sbin:/sbin"
if command -v slurmctld slurmd slurmdbd mariadbd munged > /dev/null; then
    echo "test-cluster: $(slurmctld -V) is there"
elif ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
    echo "test-cluster: SKIPPED, no Slurm is installed, and only root can install it by apt-get" >&2
else
    echo "test-cluster: installing ${packages[*]}"
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    # Nothing is to be started by the packages themselves: the tests start their own daemons, in a folder of their own.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        printf '#!/bin/sh\nexit 101\n' > $policy
        chmod +x $policy
        trap 'rm -f $policy' EXIT
    fi
    if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } > "$log" 2>&1; then
        tail -n 20 "$log" >&2
        echo "test-cluster: apt-get could not install Slurm (above); see $log" >&2
        exit 1
    fi
    rm -f "$log"
fi
