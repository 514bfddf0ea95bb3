# A server that answers on port 443, reached from outside. docs/terraform.md explains it.

terraform {
  required_providers {
    irisplane = { source = "brussels/irisplane" }
  }
}

resource "irisplane_ssh_key" "ann" {
  name       = "ann"
  public_key = file("~/.ssh/id_ed25519.pub")
}

resource "irisplane_security_group" "web" {
  name = "web"
  rule {
    direction = "ingress"
    protocol  = "tcp"
    ports     = "443"
  }
}

resource "irisplane_server" "web" {
  name            = "web"
  plan            = "small"
  image           = "debian"
  key             = irisplane_ssh_key.ann.name
  security_groups = [irisplane_security_group.web.name]
}

resource "irisplane_floating_ip" "web" {
  description = "web"
  server      = irisplane_server.web.id
}

output "address" {
  value = irisplane_floating_ip.web.address
}
