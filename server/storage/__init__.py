"""Where things are: sites, rooms, freezers, racks, boxes, vials, and who had them when."""
