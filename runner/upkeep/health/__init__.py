"""How a database is: each query of `sql/health` asked, its rows weighed against its thresholds. Changes nothing."""

from runner.upkeep.health.ask import ask
from runner.upkeep.health.condition import Condition
from runner.upkeep.health.header import Query
from runner.upkeep.health.query_files import load_queries
from runner.upkeep.health.result import Answer, Level, Row

__all__ = ["Answer", "Condition", "Level", "Query", "Row", "ask", "load_queries"]
