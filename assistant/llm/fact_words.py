"""Plain words that an explanation may use: they carry no figure, no choice and no promise. Any word fails a sentence."""

from __future__ import annotations

_PLAIN = """
a about all are after again against along already also although among an and another any around as at away
back backward be because been before being below beneath between but by came can come comes coming
did do does doing done down during
each either end ends ending enough even every
far few find finds first fits fit fitting follow follows following for forward from further
gave get gets give gives given go goes going gone
had has have having hence here how however
if in into is it itself its
just keep keeps kept keeping last later lead leaves leave leaving let lets like limit limited limits
made make makes making many means meaning meant might more moreover moves move moving much
namely near nearly need needed needs no none nor not nothing now
of off on once onto only or others otherwise out over overall own
per place plus point put puts
rather reach reached reaches remain remains result results right round roughly run running runs
said same say says see seen set sets setting settings show shown shows side since so some still such
take taken takes taking than that the their them then there therefore these they thing this those though through thus time times to too toward towards turn two
under until up upon use used uses using
very via was way we well went were what when where whereas which while who whose why will with within without would could cannot
yet you your
able according across additional additionally adds add added adding allow allows allowed amount amounts apart approximately apply applied applies arrive
based basis basically begin begins beside besides big bigger bound both brings build built
case cases cause chose chosen choice choices combined come component components compute computes computed computing computation consider considered consist consists contain contains cost costs count counts cover covers
data dataset decide decided decision decisions depends describe described detail device devices directly disabled due
effect effective effectively else enabled estimate estimated estimates estimation exactly example exceed exceeds except expect expected expects explain explanation extra
fact fall falls figure figures fill final free finally fine fine-tune fine-tuned fine-tunes fine-tuning finetune finetuned finetuning finish finishes format formats found
gather gathered gathers general generally gradient gradients group
hand happen happens hardware held help helps high highest hold holding holds
immediately include included includes including increase indeed individual inside instead
key kind kinds known
large largest larger layer layers layer's learning least length lengths less likely line linear long longer longest low lower
machine machines main mainly margin matter matters max maximum mean memory method methods micro minimum model models model's moment most mostly must
name named names necessary nevertheless next normal note number numbers
occupies occupy occur occurs offer one ones operation optimizer optimizer's optimiser option order overhead
parameter parameters part parts pass passes path peak peaks per-gpu per-device phase plan planned planner plan's plans point points possible present price priced process processed processes provide provides purpose
quite
range ranges rate ratio reach reason reasons receive remaining replace require required requires requirement requirements rest room row rows
sample samples see separate sequence sequences serves setup several short shorter shows simply sits size sized sizes small smaller smallest so-called space spare spend spends spent stage start starts state states stay stays step steps stop stored store stores storing strategy sum summary supports
table taken target targets task tells temporary term terms think tight token tokens tokens' total touch train trained trainable training trains try tuned tuning type types
unit units unneeded unnecessary unused update updated updates updating usable usage useful usual
value values verdict
wait waits want weight weights what's whenever wherever whether whose work worth
alone assumed left base experts form save saves saved saving slow slower top other global low little speed upper temporary
gib gpu gpus gpu's vram card cards node nodes oumi trl hugging face
it's that's there's isn't doesn't don't won't can't aren't wasn't wouldn't couldn't didn't hasn't haven't
activation activations activations' logits logit loss forward-pass backward-pass batch batches micro-batch micro-batches microbatch epoch epochs sequence-length precision rank alpha kernel kernels kernel's compute graphics vocabulary attention projection projections head
headroom capacity available allocated allocation allocate consumption footprint fraction share shares proportion percent
cloud expense rental rented hourly
combination configuration config configured configures file hyperparameter hyperparameters schedule scheduler warmup decay trainer
"""
_LOADED = "tight fine useful helps help worth supports safe likely must work least high lower highest"
"""Plain-looking words that judge or promise: never let through by themselves."""
NEUTRAL = frozenset(_PLAIN.split()) - frozenset(_LOADED.split())
