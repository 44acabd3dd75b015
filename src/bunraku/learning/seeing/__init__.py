"""Learning to see: a small convolutional network that finds the household's things, trained on rendered pictures.

`pictures` keeps them in one file, `network` and `training` need PyTorch; `bunraku.vision.detect.network` runs the
result.
"""
