"""Under which words the things of storage are found."""

from sqlalchemy import and_, select, union_all

from server.search import keeping
from server.search.sources import Source, Texts
from server.storage.models.containers import Container
from server.storage.models.places import Room, Site
from server.storage.models.vials import FieldDefinition, FieldValue, Vial, VialAlias

_STANDS_ON_SITE = and_(Room.id == Container.room_id, Site.id == Room.site_id)


def _values(subject: str) -> Texts:
    """Return the custom fields of things of this kind."""
    found = select(FieldValue.subject_id, FieldValue.text).where(
        FieldDefinition.id == FieldValue.definition_id
    )
    return Texts(
        FieldValue,
        found.where(FieldDefinition.subject == subject),
        things=FieldValue.subject_id,
    )


keeping.offer(
    Source(
        "site", Site.id, Site.org_id, Site.code, Site.name,
        texts=[
            Texts(Site, select(Site.id, Site.code, Site.name, Site.address), things=Site.id),
            Texts(Room, select(Room.site_id, Room.code), things=Room.site_id),
        ],
    )
)  # fmt: skip
keeping.offer(
    Source(
        "container", Container.id, Container.org_id, Container.code, Container.name,
        texts=[
            Texts(
                Container,
                select(Container.id, Container.code, Container.name, Container.barcode, Container.model),
                things=Container.id,
                keys=(Container.room_id,),
            ),
            # a freezer is found by its room and its site; what is in it, through it
            Texts(
                Room,
                select(Container.id, Room.code).where(Room.id == Container.room_id),
                things=select(Container.id).where(Room.id == Container.room_id),
            ),
            Texts(
                Site,
                select(Container.id, Site.code, Site.name).where(_STANDS_ON_SITE),
                things=select(Container.id).where(_STANDS_ON_SITE),
            ),
            _values("container"),
        ],
    )
)  # fmt: skip
keeping.offer(
    Source(
        "vial", Vial.id, Vial.org_id, Vial.code, None,
        # most have no text of their own: they are found through their lot, their line and their place
        texts=[
            Texts(Vial, select(Vial.id, Vial.comment), things=Vial.id),
            Texts(VialAlias, select(VialAlias.vial_id, VialAlias.code), things=VialAlias.vial_id),
            _values("vial"),
        ],
        worded=union_all(
            select(Vial.id).where(Vial.comment != ""),
            select(VialAlias.vial_id),
            select(FieldValue.subject_id).join(FieldDefinition).where(FieldDefinition.subject == "vial"),
        ),
    )
)  # fmt: skip
for _kind in ("lot", "line"):
    keeping.also(_kind, _values(_kind))
