"""Bulk scoring: any amount of text, in memory that doesn't grow, by one process or by Ray.

`score` is what one calls. The input is one stream of rows, file after file; shard k of the output
is made of the rows k·N to (k + 1)·N - 1 of it, whoever makes it (docs/decisions/0011).
"""
