"""What a page can change, a program can change by the API; what it cannot is named here, with why."""

import pytest

from server import app as roof
from server.core.db import Database
from tests.support.signed_in import make_app

WITHOUT = {
    "signs a person in or out": (
        "accounts.accept accounts.ask_reset accounts.enter accounts.leave accounts.make_first accounts.set_new"
        " accounts.end_sign_in"
    ),
    "is about the person at the browser: the own name and language": (
        "accounts.change_language accounts.change_own"
    ),
    "gives or changes a password or a key of the own; a stolen token must not lengthen its own life": (
        "accounts.change_password accounts.make_token"
    ),
    "sends or shows a link by which somebody signs in": (
        "accounts.invite_again accounts.make_reset_link"
    ),
    "changes the name or organisation of a person; a program brings it in as a sheet": "accounts.change",
    "is asked of people who are called at night; a program that removes a step silences an alarm": (
        "notify.add notify.change notify.make_chain notify.change_chain notify.end_chain notify.make_group"
        " notify.change_group notify.end_group"
    ),
    "answers by a signed link in a message; a program answers with its own token": "alarms.answer",
    "says whether the person at the browser is woken at night; a stolen token must not mute them": (
        "notify.add_contact notify.verify_contact notify.remove_contact notify.add_quiet notify.remove_quiet"
        " notify.set_limit notify.go_away notify.come_back"
    ),
    "makes or ends a secret address that reads without signing in": "notify.make_feed notify.revoke_feed",
    "ends an agent for good; who runs the server does it by page or command": "telemetry.revoke",
    "says of a channel what hangs where; somebody stands before the freezer": "telemetry.describe",
    "is a bundle of rules that a program adds one by one": "alarms.defaults",
    "looks at what was not delivered, and sends it once more, by a person who has read why": "outbox.again",
    "is the release of a lot, signed by a person who has read what is behind it": "catalogue.decide",
    "changes the name or address of one delivery site; a program brings it in as a sheet": "parties.change_site",
    "only carries what was chosen on a page over to the next page": "storage.choose_act",
}
"""Why, and the pages' own ways for which that holds."""

TWINS = """
notify.make_schedule notify_api.make_one
notify.change_schedule notify_api.arrange_one
notify.change_layer notify_api.arrange_one
notify.end_schedule notify_api.end_one
notify.make_override notify_api.override_one
notify.end_override notify_api.end_override_of
notify.set_holidays notify_api.set_holidays_of
notify.bring_calendar notify_api.bring_one
storage.late storage_api.late_by_program
storage.container_late storage_api.container_late_by_program
telemetry.send_command telemetry_api.command_it
telemetry.configure telemetry_api.configure_it
telemetry.enrol telemetry_api.make_code
telemetry.look_at_log telemetry_api.look_at_log_by_program
telemetry.date_log telemetry_api.date_log_by_program
telemetry.apply_log telemetry_api.apply_log_by_program
telemetry.take_log_back telemetry_api.take_log_back_by_program
telemetry.put_log_aside telemetry_api.put_log_aside_by_program
telemetry.set_retention telemetry_api.set_retention_by_program
telemetry.keep_readings telemetry_api.keep_readings_by_program
telemetry.let_readings_go telemetry_api.let_readings_go_by_program
alarms.acknowledge alarms_api.acknowledge
alarms.reset alarms_api.reset
alarms.acknowledge_over alarms_api.acknowledge_over_by_program
telemetry.enter telemetry_api.entered
alarms.set_type_rule alarms_api.type_rule_set
alarms.withdraw_type_rule alarms_api.type_rule_withdrawn
alarms.follow_type alarms_api.rule_follows
alarms.withdraw_version alarms_api.version_withdrawn
alarms.try_rule alarms_api.rule_tried
alarms.expect_warmth alarms_api.warmth_expected
alarms.end_warmth alarms_api.warmth_ended
alarms.set_late_policy alarms_api.put_late_policy
alarms.add_own alarms_api.add_freezer_rule
alarms.begin_drill alarms_api.drill_begun
alarms.acknowledge_flood alarms_api.flood_acknowledged
alarms.plan_drill alarms_api.drill_planned
alarms.rest_drill alarms_api.drill_rested
alarms.stop_drill alarms_api.drill_stopped
alarms.confirm alarms_api.confirm
alarms.shelve alarms_api.shelve
alarms.set_aside alarms_api.suspend
alarms.agree alarms_api.agree_to_suspension
alarms.end alarms_api.end_suspension
alarms.change alarms_api.change_rule
alarms.off alarms_api.switch_off
alarms.on alarms_api.switch_on
alarms.add alarms_api.add_rule
storage.drag storage_api.order
storage.drag_inner storage_api.move_many
storage.move_box storage_api.move_many
storage.reorder storage_api.order
storage.move_selected storage_api.move_many
storage.swap_box storage_api.swap
storage.add_vials storage_api.add
storage.add_box storage_api.add_container
storage.sign_clearance storage_api.sign_clearance
storage.end_clearance storage_api.withdraw_clearance
storage.block_positions_of_type storage_api.change_container_type
storage.edit_container_type storage_api.change_container_type
storage.retire_container_type storage_api.offer_container_type
storage.add_container_type storage_api.add_container_type
storage.block_positions storage_api.reshape_container
storage.describe_container storage_api.describe_container
storage.limit_container storage_api.limit_container
storage.measure_container storage_api.measure_container
storage.retire_container storage_api.retire_container
storage.reshape_container storage_api.reshape_container
storage.stand_freezer storage_api.stand_freezer_by_program
storage.change_custom_field storage_api.redefine_custom_field
storage.retire_custom_field storage_api.offer_custom_field
storage.raise_custom_field storage_api.order_custom_fields
storage.add_custom_field storage_api.define_custom_field
storage.witness storage_api.witness
storage.end_destruction storage_api.withdraw_destruction
handling.settle_discrepancy handling_api.settle_discrepancy
storage.fill_fields storage_api.change_fields
storage.add_freezer storage_api.add_freezer_by_program
storage.lay_hold storage_api.lay_hold
storage.lift_hold storage_api.lift_hold
exchange.send exchange_api.send
exchange.apply exchange_api.apply
exchange.map_columns exchange_api.map_columns
exchange.put_aside exchange_api.put_aside
exchange.take_back exchange_api.take_back
handling.print_labels handling_api.print_labels_by_api
handling.add_label_printer handling_api.add_label_printer_by_api
handling.retire_label_printer handling_api.retire_label_printer_by_api
handling.change_label_template handling_api.change_label_template_by_api
handling.retire_label_template handling_api.retire_label_template_by_api
handling.add_label_template handling_api.add_label_template_by_api
storage.supersede storage_api.supersede_by_program
catalogue.change_line catalogue_api.change_line
catalogue.add_lot catalogue_api.add_lot
catalogue.add_line catalogue_api.add_line
handling.close_work_list handling_api.close
handling.tube_not_there handling_api.missing
handling.put_tube handling_api.put
handling.scan_tube handling_api.scan
handling.make_work_list handling_api.make_pick_list
handling.set_handling_times handling_api.set_handling_times_by_program
catalogue.change_lot catalogue_api.change_lot
storage.record_parents storage_api.record_parents_by_program
accounts.revoke_token accounts_api.revoke_token
storage.move_any storage_api.move_many
storage.undo_bulk_move storage_api.undo
storage.new_lot storage_api.derive_lot
parties.change parties_api.change
parties.add_site parties_api.add_site
parties.add parties_api.add
accounts.switch_off accounts_api.switch_off
accounts.switch_on accounts_api.switch_on
accounts.give_role accounts_api.set_roles
accounts.end_role accounts_api.set_roles
accounts.invite accounts_api.invite
storage.add_site storage_api.add_site_by_program
storage.add_part storage_api.add_room_by_program
handling.look_again handling_api.look_again
handling.check_position handling_api.check_position
handling.close_position_audit handling_api.close_position_audit
handling.draw_position_audit handling_api.draw_position_audit
handling.set_coverage_target handling_api.set_coverage_target
storage.move_rack storage_api.move_many
storage.swap_rack storage_api.swap
storage.add_rack storage_api.add_container
reports.make_plan reports_api.make_plan_by_program
reports.do_step reports_api.do_step_by_program
reports.drop_step reports_api.drop_step_by_program
distribution.approve distribution_api.approve
distribution.cancel distribution_api.cancel
distribution.not_there distribution_api.not_there
distribution.pick distribution_api.pick
distribution.receive distribution_api.receive
distribution.refuse distribution_api.refuse
distribution.ship distribution_api.ship
distribution.ask distribution_api.ask
storage.edit_sample_type storage_api.change_sample_type
storage.retire_sample_type storage_api.offer_sample_type
storage.add_sample_type storage_api.add_sample_type
storage.add_scanner storage_api.add_scanner_by_program
storage.change_scanner storage_api.change_scanner_by_program
storage.retire_scanner storage_api.retire_scanner_by_program
storage.upload storage_api.send_scan
storage.apply_scan storage_api.apply_scan_by_program
storage.choose_lot storage_api.choose_lot_of_scan
storage.put_aside storage_api.put_scan_aside
handling.cancel_shipment handling_api.cancel_shipment
handling.close_shipment handling_api.close_shipment
handling.pack_tube handling_api.pack_tube
handling.receive_tube handling_api.receive_tube
handling.send_shipment handling_api.send_shipment
handling.unpack_tube handling_api.unpack_tube
handling.make_shipment handling_api.begin_transfer
handling.set_shipment_rules handling_api.set_shipment_rules_by_program
storage.keep_space storage_api.keep_by_program
storage.end_space storage_api.end_by_program
storage.correct storage_api.correct_by_program
storage.set_stock_rule storage_api.set_stock_rule
handling.choose_take_box handling_api.read_take_box
handling.read_take_box_anew handling_api.read_take_box_anew
handling.commit_take_box handling_api.commit_take_box
handling.rest_of_take_box_empty handling_api.read_take_box
handling.read_take_tube handling_api.read_take_box
handling.close_stock_take handling_api.close_stock_take
handling.upload_take_file handling_api.read_take_box
handling.open_stock_take handling_api.open_stock_take
handling.drop_act handling_api.act_dropped
handling.record_late handling_api.act_late
storage.go_on_with_tree storage_api.go_on_with_container_tree
storage.take_back_tree storage_api.take_back_container_tree
storage.add_tree storage_api.add_container_tree
storage.do_act storage_api.measure
storage.ask_clearance storage_api.ask_clearance
storage.give_alias storage_api.give_alias
storage.discard storage_api.discard
storage.make storage_api.aliquot
storage.move storage_api.move
storage.release_slot storage_api.release_slot_by_program
storage.reverse storage_api.reverse
storage.take_out storage_api.take_out
storage.undo storage_api.undo_move_of_vial
storage.act_on storage_api.hold_many
storage.save_filter storage_api.add_filter
storage.forget_filter storage_api.drop_filter
exchange.add_webhook exchange_api.api_add
exchange.end_webhook exchange_api.api_end
"""
"""A page's way, and the way of the API that does the same (or the first of those that do its parts)."""

PAIRS = dict(line.split() for line in TWINS.strip().splitlines())
NAMED = [name for names in WITHOUT.values() for name in names.split()]
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture(scope="module")
def ways(tmp_path_factory) -> tuple[set[str], set[str]]:
    """Return the pages' and the API's endpoints that change something."""
    home = tmp_path_factory.mktemp("twins")
    database = Database(f"sqlite:///{home}/none.sqlite3")
    rules = [one for one in make_app(database, home).url_map.iter_rules() if one.methods & CHANGING]
    database.close()
    of_api = {one.endpoint for one in rules if one.rule.startswith(roof.API)}
    return {one.endpoint for one in rules} - of_api, of_api


def test_what_a_page_changes_a_program_can_change_or_it_says_here_why_not(ways) -> None:
    pages, _api = ways

    assert pages - set(PAIRS) - set(NAMED) == set(), "give these a way in the API, or a reason here"
    assert (set(PAIRS) | set(NAMED)) - pages == set(), "these are no way of a page any more"


def test_no_way_has_both_a_twin_and_a_reason_for_having_none() -> None:
    assert set(PAIRS) & set(NAMED) == set()
    assert len(NAMED) == len(set(NAMED))


def test_every_twin_that_is_named_here_is_there(ways) -> None:
    _pages, api = ways

    assert set(PAIRS.values()) - api == set()
