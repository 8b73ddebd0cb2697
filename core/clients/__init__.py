"""The doors out of the program: Kubernetes and Alibaba Cloud, each with a Reader, and a Writer for actions."""
