"""Words that carry no value of their own: a request may hold them and lose nothing."""

_WORDS = """
a an the this that these those it its them they he she i i'm im i'd i'll i've ive me my mine we we're we'd we've our ours you your
and or but so then than as at by for from in into of off on onto out over per to up upon via with within w w/ within without
is are was were be been being am do does did done doing has have had having can could may might must shall should will would wanna
want wants wanted need needs needed like likes let let's lets please plz pls thanks thank cheers hi hello hey ok okay yes yeah just only
also too very really quite maybe perhaps well now today here there where when which what what's whats who whose why how if else not no nor
any some all each every both either neither one's many much more most less least few several lot lots little enough same other another own
new old good great nice best better right proper simple quick quickly fast small big large tiny huge single whole basic standard plain normal usual
default defaults turn switch everything anything something nothing thing things stuff way ways kind kinds sort type part parts case set sets setup rest
make makes making made get gets getting got give gives take takes taking put run runs running go going goes come try trying tried keep keeps use uses
used using start starting begin create creates build generate write show see look find help helps set setting sets work works working know think
guess say tell ask hope look looking able sure possible possibly basically actually simply around about roughly approximately exactly
config configs configuration configurations recipe recipes yaml file files job jobs script model models llm llms lm network checkpoint weights
data dataset datasets corpus rows examples sample samples task tasks training train trained trainer tune tuned tuning fine finetune finetuned
finetuning fine-tune fine-tuned fine-tuning learn learning adapt adapter adapters lora qlora peft full fully run experiment project version variant
instruct chat base gpu gpus card cards node nodes machine machines box rig server servers cluster instance instances hardware memory ram vram
nvidia geforce rtx cuda batch size sequence sequences length token tokens context window epoch epochs step steps rate optimizer precision
adamw scheduler schedule warmup oumi oumi-chat hugging face huggingface hf time hour hours day days money budget cost cheap cheaper cheapest dollar
dollars gb gib go i.e e.g etc vs versus plus instead rather still yet again first second last next later before after while during until
since because however though although between under above below across against along it's there's that's don't dont doesn't isn't can't cannot won't
question questions answer answers people person user users team company startup guys folks someone anybody nobody
two three four five six seven eight nine ten once twice zero sounds sound seems seem continued continual half-decent decent fit fits fitting afford available currently
called named name store stored save saved output outputs results result log logging folder directory dir path under
local locally remote cloud spot on-demand instance region workstation desktop laptop pc home office lab
method gpu_type model_name base_model model_name_or_path
text response responses instruction instructions conversation conversations prompt prompts pair pairs support customer customers product
improve optimal ideal recommended recommend suggest reasonable sensible appropriate suitable sane
care issue long change quality total spin collected thinking license line wins following hmm back add drop move meant stay switch
cap max min maximum minimum tops optimization student teacher generalized on-policy biggest smallest change changes prefer believe
important matters matter careful carefully honestly mostly  finish finished end asap
s t d ll m re ve x n z align
wait oh ah uh um hmm hm oops
love doable advice boss building chatbot chatbots assistant assistants internal mixed goal aim idea wonder wondering currently prefer
möchte daten voudrais données nos nuestra datos trainieren gerne
necesito necesitamos preciso precisamos wie viel quanto custa quel quelle bonjour pourriez-vous pourriez merci d'avance hola obrigado obrigada gracias danke hallo limit
le la les un une des de du et ou avec sur pour dans mon ma mes mit auf von der die das den dem ein eine einen und oder für meine mein meinen
el los las una unos con en por para mi mis y o os um uma com em meu minha no na do da dos das e ich wir bitte je veux nous il
mach mir doch ohne bitte kannst quiero por favor quero eu
"""
FILLER = frozenset(_WORDS.split())
