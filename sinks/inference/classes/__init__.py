"""What a model server's answer means, whatever its status says: tables by server, and a judge."""
