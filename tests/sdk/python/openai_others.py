"""Embeddings and the list of models."""

from asking import same
from openai_asking import MODEL, client

sdk = client()
embedded = sdk.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
same([entry.embedding for entry in embedded.data], [[0.6, 0.8]] * 2)
assert MODEL in [model.id for model in sdk.models.list()]
