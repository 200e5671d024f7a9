#include "head.h"

enum { SHORTEST_MS = 250, LONGEST_MS = 3600000, PATIENCE = 3, LEVEL_MS = 100 };

static void put_keys(ck_head *head)
{
    head->n_channels = 0;
    for (unsigned i = 0; i < head->wiring.n_rtds; i++)
        head->keys[head->n_channels++] = head->wiring.rtd_keys[i];
    if (head->wiring.has_level)
        head->keys[head->n_channels++] = "level_mm";
    if (head->wiring.has_door)
        head->keys[head->n_channels++] = "lid_open";
}

static ck_status start_sensors(ck_head *head, const ck_port *port)
{
    const ck_head_wiring *wiring = &head->wiring;
    ck_status status = CK_OK;

    for (unsigned i = 0; i < wiring->n_rtds && status == CK_OK; i++)
        status = ck_max31865_start(&head->rtds[i], &wiring->rtds[i]);
    if (status == CK_OK && wiring->has_level)
        status = ck_level_start(&head->level, &wiring->level, port);
    if (status == CK_OK && wiring->has_door)
        status = ck_door_start(&head->door, &wiring->door, port);
    return status;
}

/* The wire is asked whether it would take the boot and the keys: a message without rows. */
static ck_status try_wire(ck_head *head)
{
    size_t n = 0;
    int32_t dt_ms = 0;
    ck_reading nothing[CK_HEAD_CHANNELS] = {{0, CK_NOT_SAMPLED}};
    ck_rows rows = {
        head->wiring.boot, 1, 0, false, false, 0, head->n_channels, head->keys, 1, &dt_ms, nothing,
    };

    return ck_frame_rows(&rows, head->message, sizeof head->message, &n);
}

ck_status ck_head_start(ck_head *head, const ck_head_wiring *wiring, const ck_port *port)
{
    if (wiring->n_rtds > CK_HEAD_RTDS || wiring->interval_ms < SHORTEST_MS || wiring->interval_ms > LONGEST_MS)
        return CK_BAD_SETTING;
    head->wiring = *wiring;
    put_keys(head);
    if (head->n_channels == 0)
        return CK_BAD_SETTING;
    head->seq = 1;
    head->now_ms = head->row_ms = head->level_ms = 0;
    head->n_rows = 0;
    head->clock_ms = port->now_ms(port->ctx);
    for (unsigned k = 0; k < CK_HEAD_CHANNELS; k++)
        head->worked_ms[k] = 0;
    ck_status status = start_sensors(head, port);
    return status == CK_OK ? try_wire(head) : status;
}

/* The board's clock wraps after 49 days, this one does not. */
static void tell_time(ck_head *head, const ck_port *port)
{
    uint32_t clock_ms = port->now_ms(port->ctx);

    head->now_ms += clock_ms - head->clock_ms;
    head->clock_ms = clock_ms;
}

/* A sensor that answers "no" has worked; only one that never ends a measurement has not. */
static void poll_rtds(ck_head *head, const ck_port *port)
{
    for (unsigned i = 0; i < head->wiring.n_rtds; i++) {
        bool done = false;
        if (ck_max31865_poll(&head->rtds[i], port, &done) != CK_OK || done)
            head->worked_ms[i] = head->now_ms;
    }
}

static void poll_level(ck_head *head, const ck_port *port)
{
    if (!head->wiring.has_level || head->now_ms < head->level_ms)
        return;
    (void)ck_level_poll(&head->level, port);
    head->level_ms = head->now_ms + LEVEL_MS;
    head->worked_ms[head->wiring.n_rtds] = head->now_ms;
}

static bool poll_door(ck_head *head, const ck_port *port)
{
    bool changed = false;

    if (!head->wiring.has_door)
        return false;
    (void)ck_door_poll(&head->door, port, &changed);
    head->worked_ms[head->n_channels - 1u] = head->now_ms;
    return changed;
}

static void drop_oldest(ck_head *head)
{
    for (unsigned i = 1; i < head->n_rows; i++) {
        head->at_ms[i - 1] = head->at_ms[i];
        for (unsigned k = 0; k < CK_HEAD_CHANNELS; k++)
            head->rows[i - 1][k] = head->rows[i][k];
    }
    head->n_rows--;
    head->seq++;
}

/* One message holds what was taken within 24 days: its times are differences of 32 bits. */
static bool no_longer_fits(const ck_head *head)
{
    return head->n_rows == CK_HEAD_ROWS || (head->n_rows > 0 && head->now_ms - head->at_ms[0] > INT32_MAX);
}

static void add_row(ck_head *head)
{
    while (no_longer_fits(head))
        drop_oldest(head);
    ck_reading *row = head->rows[head->n_rows];
    unsigned k = 0;
    for (unsigned i = 0; i < head->wiring.n_rtds; i++)
        row[k++] = ck_max31865_reading(&head->rtds[i]);
    if (head->wiring.has_level)
        row[k++] = ck_level_reading(&head->level);
    if (head->wiring.has_door)
        row[k++] = ck_door_reading(&head->door);
    head->at_ms[head->n_rows++] = head->now_ms;
}

static ck_status send_rows(ck_head *head, const ck_port *port)
{
    int32_t dt_ms[CK_HEAD_ROWS];
    ck_reading readings[CK_HEAD_ROWS * CK_HEAD_CHANNELS];
    size_t n = 0;
    unsigned cell = 0;

    for (unsigned i = 0; i < head->n_rows; i++) {
        dt_ms[i] = (int32_t)(head->at_ms[i] - head->at_ms[0]);
        for (unsigned k = 0; k < head->n_channels; k++)
            readings[cell++] = head->rows[i][k];
    }
    ck_rows rows = {
        head->wiring.boot, head->seq, head->at_ms[0], false, false, 0,
        head->n_channels, head->keys, head->n_rows, dt_ms, readings,
    };
    ck_status status = ck_frame_rows(&rows, head->message, sizeof head->message, &n);
    if (status == CK_OK)
        status = ck_link_send(port, head->message, n, head->line, sizeof head->line);
    if (status == CK_OK) {
        head->seq += head->n_rows;
        head->n_rows = 0;
    }
    return status;
}

static bool all_worked(const ck_head *head)
{
    uint64_t patience_ms = (uint64_t)PATIENCE * head->wiring.interval_ms;

    for (unsigned k = 0; k < head->n_channels; k++)
        if (head->now_ms - head->worked_ms[k] > patience_ms)
            return false;
    return true;
}

ck_status ck_head_step(ck_head *head, const ck_port *port)
{
    ck_status status = CK_OK;

    tell_time(head, port);
    poll_rtds(head, port);
    poll_level(head, port);
    bool turned = poll_door(head, port);
    if (turned || head->now_ms - head->row_ms >= head->wiring.interval_ms) {
        head->row_ms = head->now_ms;
        add_row(head);
        status = send_rows(head, port);
    }
    if (all_worked(head))
        port->feed_watchdog(port->ctx);
    return status;
}
