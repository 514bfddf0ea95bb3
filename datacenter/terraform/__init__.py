"""The Terraform provider: resources of the private cloud, ordered through the REST API.

It runs in an environment of its own (``requirements/terraform.txt``) and knows nothing of the rest of Irisplane but
the API's addresses: ``irisplane terraform install-provider`` lays it where Terraform looks for it.
"""
