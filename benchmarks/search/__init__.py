"""Search under filters, beside other systems and at growing sizes."""
