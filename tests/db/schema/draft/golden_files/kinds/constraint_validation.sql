-- constraint validation: in a child

-- ==== change

ALTER TABLE s1.c VALIDATE CONSTRAINT c;

-- And the other way

-- refused: constraint validation c on s1.c: what is valid in a child cannot become NOT VALID in it alone
