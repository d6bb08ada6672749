-- Nobody reads the notes; "<script>alert('&')</script>" was in one of them.

ALTER TABLE public.orders DROP COLUMN note;
