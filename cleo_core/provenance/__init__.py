"""What is running, what it was made from, and who approved it: bundles, signatures, approvals, replies."""
