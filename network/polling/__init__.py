"""What devices are asked over SNMP, what their answers mean, and what was seen last."""
