"""The networks that an extractor's ONNX files hold. What trains or fits them lies outside."""
