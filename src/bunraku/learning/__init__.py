"""Learning: episodes recorded whole, policies trained on them, and what became of the training.

`episodes` records, `lerobot` writes the common data-set format, `training` needs PyTorch, `acting` only ONNX Runtime.
"""
