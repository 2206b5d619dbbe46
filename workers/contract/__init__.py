"""The torch-free contract between the API and the workers: jobs, their store and queue, blobs, presence, settings.

Nothing in here imports numpy, torch, onnxruntime, a media library or `models`, so the API's image stays small.
"""
