"""What a GPU shows of this code: the steps of benchmarks/gpu_check.sh, each a module and a process of its own.

They need torch, triton, pytorch-lightning, h5py, pandas, numpy, scipy and PyYAML, and neither numba nor what reads
genomes. With `--device cpu --quick` each runs at a toy size, which shows that it runs and nothing else.
"""
