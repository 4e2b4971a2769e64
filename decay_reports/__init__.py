"""Success with honest intervals, alarms, attribution, and the weekly report made of them."""
