"""The renderer on held-out people: pictures, motions, sliders, identity, steadiness and sharpness."""
