"""The kinds of DNA encoder, for the configuration and for the jobs. Without torch."""

from __future__ import annotations

RUN, ENFORMER, KMERS = "run", "enformer", "kmers"
ENCODERS = (RUN, ENFORMER, KMERS)  # keys of an entry's `encoder`, which has one of them
ENFORMER_LENGTH = 196_608  # bp that Enformer reads
