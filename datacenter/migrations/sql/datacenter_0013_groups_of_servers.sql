-- Which security groups the ports of a server have, by name; null until the cloud was asked.
alter table server add column security_groups text[];
