"""What work at the freezer puts onto the pages of storage."""

from flask import g, render_template

from server.storage.models import Container, Vial


def print_vial(vial: Vial) -> str:
    """Return the button that prints the vial's label, for who may."""
    if not g.actor.may("storage.move", vial.org_id):
        return ""
    return render_template("handling/print_button.html", subject="vial", codes=vial.code, key="p")


def print_container(container: Container) -> str:
    """Return the button that prints a container's label, for who may."""
    if not g.actor.may("storage.move", container.org_id):
        return ""
    return render_template(
        "handling/print_button.html", subject="container", codes=container.code, key=""
    )


def count_container(container: Container) -> str:
    """Return the button that opens a stock-take of a container, for who may."""
    if not g.actor.may("storage.import", container.org_id):
        return ""
    return render_template("handling/count_button.html", container=container)
