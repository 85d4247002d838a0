"""Every supported line of Camunda, by what the generations' tables say of it."""
