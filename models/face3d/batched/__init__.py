"""The pair generator of `models.face3d.retarget` for whole batches, in torch: a GPU makes its own training pairs."""
