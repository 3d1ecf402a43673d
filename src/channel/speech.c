/* speech.c: see speech.h. The words of flite that we use are declared here: its headers are not
 * clean under our warnings, and this is all of it that we need. */
#include "channel/speech.h"
#include "base/mem.h"

#include <dlfcn.h>
#include <string.h>

enum { SPEECH_MAX = SPEECH_RATE * SPEECH_MAX_S };

struct cst_voice_struct;
struct cst_wave { /* flite/cst_wave.h */
    const char *type;
    int sample_rate, num_samples, num_channels;
    short *samples;
};

static struct {
    int (*flite_init)(void);
    struct cst_voice_struct *(*register_cmu_us_kal)(const char *voxdir);
    struct cst_wave *(*flite_text_to_wave)(const char *text, struct cst_voice_struct *voice);
    void (*delete_wave)(struct cst_wave *wave);
} flite;
static struct cst_voice_struct *voice;

static enum err flite_load(struct ctx *cx)
{
    static const struct {
        const char *library, *name;
        void *into;
    } calls[] = {
        {"libflite.so.1",            "flite_init",          &flite.flite_init         },
        {"libflite.so.1",            "flite_text_to_wave",  &flite.flite_text_to_wave },
        {"libflite.so.1",            "delete_wave",         &flite.delete_wave        },
        {"libflite_cmu_us_kal.so.1", "register_cmu_us_kal", &flite.register_cmu_us_kal},
    };

    if (voice)
        return OK;
    EACH_ROW (call, calls) {
        void *library = dlopen(call->library, RTLD_NOW | RTLD_LOCAL), *found;

        if (!library)
            return fail(cx, ERR_INTERNAL, "flite: %s", dlerror());
        if (!(found = dlsym(library, call->name)))
            return fail(cx, ERR_INTERNAL, "flite has no %s", call->name);
        /* a data pointer into a function pointer's place: POSIX promises that it fits */
        memcpy(call->into, &found, sizeof(found));
    }
    flite.flite_init();
    if (!(voice = flite.register_cmu_us_kal(NULL)))
        return fail(cx, ERR_INTERNAL, "flite has no voice");
    return OK;
}

void speech_deinit(struct speech *s)
{
    if (s->sample)
        explicit_bzero(s->sample, s->max * sizeof(*s->sample));
    mem_free(s->sample);
    *s = (struct speech){0};
}

/* Room for `count` more. The old samples are wiped, which mem_grow would not do. */
static int16_t *room(struct speech *s, size_t count)
{
    struct speech more = {.count = s->count, .max = s->count + count};

    more.sample = mem_alloc(more.max * sizeof(*more.sample));
    if (s->count)
        memcpy(more.sample, s->sample, s->count * sizeof(*s->sample));
    speech_deinit(s);
    *s = more;
    s->count += count;
    return s->sample + s->count - count;
}

void speech_pause(struct speech *s, unsigned ms)
{
    room(s, MIN_OF((size_t)ms * SPEECH_RATE / MS_PER_S, SPEECH_MAX - s->count));
}

enum err speech_say(struct ctx *cx, struct speech *s, struct str text)
{
    char plain[SPEECH_TEXT_MAX + 1];
    struct cst_wave *wave;
    size_t n = 0;
    enum err e;

    if ((e = flite_load(cx)))
        return e;
    for (size_t i = 0; i < text.n && n < SPEECH_TEXT_MAX; i++) {
        if (text.p[i] >= ' ' && text.p[i] <= '~')
            plain[n++] = text.p[i];
    }
    plain[n] = '\0';
    wave = flite.flite_text_to_wave(plain, voice);
    explicit_bzero(plain, sizeof(plain));
    if (!wave)
        return fail(cx, ERR_INTERNAL, "flite cannot say it");
    if (wave->sample_rate != SPEECH_RATE || wave->num_channels != 1) {
        e = fail(cx, ERR_INTERNAL, "flite speaks at %d Hz", wave->sample_rate);
    } else if (wave->num_samples > 0) {
        n = MIN_OF((size_t)wave->num_samples, SPEECH_MAX - s->count);
        memcpy(room(s, n), wave->samples, n * sizeof(*s->sample));
    }
    explicit_bzero(wave->samples, (size_t)MAX_OF(wave->num_samples, 0) * sizeof(*wave->samples));
    flite.delete_wave(wave);
    return e;
}
