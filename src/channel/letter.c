/*
 * letter.c: mails that read well in every client: one column, inline styles (there is no other way
 * to style a mail), system fonts, no image and nothing loaded from anywhere.
 */
#include "channel/letter.h"

#include "base/encode.h"

static bool has_facts(const struct letter *l)
{
    EACH_ROW (fact, l->fact) {
        if (fact->value.n)
            return true;
    }
    return false;
}

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
    paragraph(out, l->greeting);
    paragraph(out, l->lead);
    if (l->code.n)
        buf_addf(out, "    %.*s\n\n", STR_ARG(l->code));
    EACH_ROW (fact, l->fact) {
        if (fact->value.n)
            buf_addf(out, "    %.*s: %.*s\n", STR_ARG(fact->label), STR_ARG(fact->value));
    }
    if (has_facts(l))
        buf_addc(out, '\n');
    if (l->link.n)
        buf_addf(out, "%.*s:\n%.*s\n\n", STR_ARG(l->button), STR_ARG(l->link));
    paragraph(out, l->note);
    buf_addf(out, "%.*s%s%.*s\n", STR_ARG(l->service), l->host.n ? ", " : "", STR_ARG(l->host));
}

/* ---- HTML ---- */

/* before, the text escaped, after; nothing at all when the text is empty. */
static void wrapped(struct buf *out, struct str before, struct str s, struct str after)
{
    if (s.n == 0)
        return;
    buf_add(out, before);
    markup_text(out, s);
    buf_add(out, after);
}

static void html_facts(const struct letter *l, struct buf *out)
{
    static const struct str row = STR("<tr><td style=\"padding:4px 16px 4px 0;color:#46554f\">");

    buf_add(out, STR("<table role=\"presentation\" style=\"margin:16px 0;font-size:15px\">\n"));
    EACH_ROW (fact, l->fact) {
        if (fact->value.n == 0)
            continue;
        wrapped(out, row, fact->label, STR("</td><td>"));
        markup_text(out, fact->value);
        buf_add(out, STR("</td></tr>\n"));
    }
    buf_add(out, STR("</table>\n"));
}

static void html_link(const struct letter *l, struct buf *out)
{
    wrapped(out, STR("<p style=\"margin:24px 0 12px\"><a href=\""), l->link,
            STR("\" style=\"display:inline-block;padding:12px 20px;border-radius:8px;"
                "background:#0a6054;color:#ffffff;text-decoration:none;font-weight:600\">"));
    markup_text(out, l->button);
    wrapped(out, STR("</a></p>\n<p style=\"font-size:13px;color:#46554f;word-break:break-all\">"),
            l->link, STR("</p>\n"));
}

void letter_html(const struct letter *l, struct buf *out)
{
    buf_addf(out, "<!doctype html>\n<html lang=\"%.*s\"%s>\n<head><meta charset=\"utf-8\">",
             STR_ARG(l->language), l->right_to_left ? " dir=\"rtl\"" : "");
    buf_add(out, STR("<meta name=\"viewport\" content=\"width=device-width\">"
                     "<meta name=\"color-scheme\" content=\"light\">"));
    wrapped(out, STR("<title>"), l->title, STR("</title>"));
    buf_add(out, STR("</head>\n<body style=\"margin:0;padding:24px;background:#f4f6f5;"
                     "color:#14211f;font:16px/1.5 system-ui,sans-serif\">\n"
                     "<div style=\"max-width:30rem;margin:0 auto\">\n"));
    wrapped(out, STR("<p style=\"margin:0 0 12px;font-weight:600;color:#0a6054\">"), l->service,
            STR("</p>\n"));
    buf_add(out, STR("<div style=\"padding:24px;border-radius:10px;background:#ffffff\">\n"));
    wrapped(out, STR("<h1 style=\"margin:0 0 16px;font-size:22px;line-height:1.3\">"), l->title,
            STR("</h1>\n"));
    wrapped(out, STR("<p>"), l->greeting, STR("</p>\n"));
    wrapped(out, STR("<p>"), l->lead, STR("</p>\n"));
    wrapped(out,
            STR("<p style=\"margin:20px 0;font-size:34px;font-weight:600;letter-spacing:4px\">"
                "<span dir=\"ltr\">"),
            l->code, STR("</span></p>\n"));
    if (has_facts(l))
        html_facts(l, out);
    if (l->link.n)
        html_link(l, out);
    wrapped(out, STR("<p style=\"color:#46554f;font-size:15px\">"), l->note, STR("</p>\n"));
    buf_add(out, STR("</div>\n<p style=\"font-size:13px;color:#46554f\">"));
    markup_text(out, l->service);
    wrapped(out, STR(", "), l->host, STR(""));
    buf_add(out, STR("</p>\n</div></body>\n</html>\n"));
}
