"""How the agent is bound to its server: enrolment, renewal, signed configuration, signed commands."""
