"""What Oumi's own classes accept: fields, types and enum names, without importing Oumi."""
