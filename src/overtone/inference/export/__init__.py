"""Export: a trained model to a graph that ONNX Runtime or OpenVINO computes, as a bundle.

`graph` writes ONNX; `fused` builds the graph of BERT's kin from their weights, `traced` lets torch
write that of every other family; `int8` makes products of floats products of bytes, whose scales
`calibrate` and `scheme` find; `parity` says how far what came out is from the original.
"""
