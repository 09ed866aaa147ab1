"""The pages for staff: ``/staff`` for the knowledge base, ``/render`` for videos."""
