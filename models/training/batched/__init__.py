"""The pair generator of `models.training.retarget` for whole batches, in torch: a GPU makes its own training pairs."""
