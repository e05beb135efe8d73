"""The models are listed, page by page."""

from asking import MODEL, client, same

models = list(client().models.list(limit=2))
assert MODEL in [model.id for model in models], models
assert all(model.type == "model" for model in models)
same(client().models.retrieve(MODEL).id, MODEL)
