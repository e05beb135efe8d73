"""Embeddings, models, and responses that were stored."""

from asking import same
from openai_asking import MODEL, client

sdk = client()
embedded = sdk.embeddings.create(model="text-embedding-3-small", input=["one", "two"])
same([entry.embedding for entry in embedded.data], [[0.6, 0.8]] * 2)
assert MODEL in [model.id for model in sdk.models.list()]
same(sdk.models.retrieve(MODEL).id, MODEL)
stored = sdk.responses.create(model=MODEL, input="A line, please.")
same(sdk.responses.retrieve(stored.id).output_text, stored.output_text)
same([item.role for item in sdk.responses.input_items.list(stored.id)], ["user"])
same(sdk.responses.cancel(stored.id).status, "cancelled")
sdk.responses.delete(stored.id)
