/*
 * letter.c: mails that read well in every client: one column, inline styles (there is no other way
 * to style a mail), system fonts, no image and nothing loaded from anywhere.
 */
#include "channel/letter.h"

/* ---- plain text ---- */

static void paragraph(struct buf *out, struct str s)
{
    if (s.n == 0)
        return;
    buf_add(out, s);
    buf_add(out, STR("\n\n"));
}

void letter_text(const struct letter *l, struct buf *out)
{
    bool has_facts = false;

    paragraph(out, l->greeting);
    paragraph(out, l->lead);
    if (l->code.n)
        buf_addf(out, "    %.*s\n\n", STR_ARG(l->code));
    EACH_ROW (fact, l->fact) {
        if (fact->value.n == 0)
            continue;
        buf_addf(out, "    %.*s: %.*s\n", STR_ARG(fact->label), STR_ARG(fact->value));
        has_facts = true;
    }
    if (has_facts)
        buf_addc(out, '\n');
    if (l->link.n)
        buf_addf(out, "%.*s:\n%.*s\n\n", STR_ARG(l->button), STR_ARG(l->link));
    paragraph(out, l->note);
    buf_addf(out, "%.*s, %.*s\n", STR_ARG(l->service), STR_ARG(l->host));
}

/* ---- HTML ---- */

static void escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            buf_add(out, STR("&amp;"));
            break;
        case '<':
            buf_add(out, STR("&lt;"));
            break;
        case '>':
            buf_add(out, STR("&gt;"));
            break;
        case '"':
            buf_add(out, STR("&quot;"));
            break;
        case '\'':
            buf_add(out, STR("&#39;"));
            break;
        default:
            buf_addc(out, s.p[i]);
        }
    }
}

/* before, the text escaped, after; nothing at all when the text is empty. */
static void wrapped(struct buf *out, struct str before, struct str s, struct str after)
{
    if (s.n == 0)
        return;
    buf_add(out, before);
    escaped(out, s);
    buf_add(out, after);
}

static void html_facts(const struct letter *l, struct buf *out)
{
    static const struct str row = STR("<tr><td style=\"padding:4px 16px 4px 0;color:#47525b\">");

    buf_add(out, STR("<table role=\"presentation\" style=\"margin:16px 0;font-size:15px\">\n"));
    EACH_ROW (fact, l->fact) {
        if (fact->value.n == 0)
            continue;
        wrapped(out, row, fact->label, STR("</td><td>"));
        escaped(out, fact->value);
        buf_add(out, STR("</td></tr>\n"));
    }
    buf_add(out, STR("</table>\n"));
}

static void html_link(const struct letter *l, struct buf *out)
{
    wrapped(out, STR("<p style=\"margin:24px 0 12px\"><a href=\""), l->link,
            STR("\" style=\"display:inline-block;padding:12px 20px;border-radius:8px;"
                "background:#0f6b66;color:#ffffff;text-decoration:none;font-weight:600\">"));
    escaped(out, l->button);
    wrapped(out, STR("</a></p>\n<p style=\"font-size:13px;color:#47525b;word-break:break-all\">"),
            l->link, STR("</p>\n"));
}

void letter_html(const struct letter *l, struct buf *out)
{
    buf_addf(out, "<!doctype html>\n<html lang=\"%.*s\"%s>\n", STR_ARG(l->language),
             l->right_to_left ? " dir=\"rtl\"" : "");
    wrapped(
        out,
        STR("<head><meta charset=\"utf-8\"><meta name=\"viewport\" "
            "content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light\"><title>"),
        l->title, STR("</title></head>\n"));
    wrapped(out,
            STR("<body style=\"margin:0;padding:24px;background:#f3f5f6;color:#17212b;"
                "font:16px/1.5 system-ui,sans-serif\">\n"
                "<div style=\"max-width:30rem;margin:0 auto\">\n"
                "<p style=\"margin:0 0 12px;font-weight:600;color:#0f6b66\">"),
            l->service, STR("</p>\n"));
    wrapped(out,
            STR("<div style=\"padding:24px;border-radius:10px;background:#ffffff\">\n"
                "<h1 style=\"margin:0 0 16px;font-size:22px;line-height:1.3\">"),
            l->title, STR("</h1>\n"));
    wrapped(out, STR("<p>"), l->greeting, STR("</p>\n"));
    wrapped(out, STR("<p>"), l->lead, STR("</p>\n"));
    wrapped(out,
            STR("<p dir=\"ltr\" style=\"margin:20px 0;font-size:34px;font-weight:600;"
                "letter-spacing:4px\">"),
            l->code, STR("</p>\n"));
    if (l->fact[0].value.n)
        html_facts(l, out);
    if (l->link.n)
        html_link(l, out);
    wrapped(out, STR("<p style=\"color:#47525b;font-size:15px\">"), l->note, STR("</p>\n"));
    wrapped(out, STR("</div>\n<p style=\"font-size:13px;color:#47525b\">"), l->service, STR(", "));
    escaped(out, l->host);
    buf_add(out, STR("</p>\n</div></body>\n</html>\n"));
}
