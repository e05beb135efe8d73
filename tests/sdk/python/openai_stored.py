"""One model, and a response that was stored: told again, cancelled and deleted."""

from asking import same
from openai_asking import MODEL, client

sdk = client()
same(sdk.models.retrieve(MODEL).id, MODEL)
stored = sdk.responses.create(model=MODEL, input="A line, please.")
same(sdk.responses.retrieve(stored.id).output_text, stored.output_text)
same([item.role for item in sdk.responses.input_items.list(stored.id)], ["user"])
same(sdk.responses.cancel(stored.id).status, "cancelled")
sdk.responses.delete(stored.id)
