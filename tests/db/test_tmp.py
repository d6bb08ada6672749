def test_a(database): 
    assert database["dbname"]
def test_b(postgresql):
    assert postgresql.execute("select 1").fetchone() == (1,)
