"""Policies: what a network is asked and what it answers. Modules here need PyTorch; to act, only `learning.acting`."""
