"""Repositories on the Hugging Face hub, as folders: `hub:user/name`, fetched and pushed.

What a bundle is, this package is told by those who call it; it knows repositories, commits and
files. huggingface_hub does the transfers, the cache and the tokens, which are never written here.
"""
