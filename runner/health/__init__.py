"""How a database is: each query of `sql/health` asked, its rows weighed against its thresholds. Changes nothing."""

from runner.health.ask import ask
from runner.health.condition import Condition
from runner.health.header import Query
from runner.health.load import load_queries
from runner.health.result import Answer, Level, Row

__all__ = ["Answer", "Condition", "Level", "Query", "Row", "ask", "load_queries"]
